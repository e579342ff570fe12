error-forbidden = 您的岗位不能做这一步
